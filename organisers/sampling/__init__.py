"""Samples in the office: approved or refused, and how they ended."""
