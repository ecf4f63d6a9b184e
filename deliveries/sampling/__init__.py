"""An official's sample: some who stand on a list are asked whether they signed, and only the share is told."""
