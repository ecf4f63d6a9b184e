"""Commands of whoever runs the site."""

import click

seed = click.Command("seed")
doctor = click.Command("doctor")
backup = click.Command("backup")
restore = click.Command("restore")
