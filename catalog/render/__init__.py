"""Answers on their way out: tables for people, JSON for machines."""
