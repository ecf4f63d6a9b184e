"""Who works in the office: roles, sessions, second factors, invitations, and what proves that somebody is who they say."""
