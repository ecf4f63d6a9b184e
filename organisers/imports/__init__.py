"""Files of other petition systems in the office: recognised, understood, shown masked, taken in by the worker."""
