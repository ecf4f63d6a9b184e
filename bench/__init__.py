"""Load and export drills, `make bench`: this site beside what the machine itself can do, in the same run."""
