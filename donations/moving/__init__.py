"""When a case is closed or won: its regular donors are asked once whether their gift goes to another fund, or ends."""
