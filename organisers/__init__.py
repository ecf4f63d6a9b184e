"""The office: accounts, dashboard, editing, hand-over."""
