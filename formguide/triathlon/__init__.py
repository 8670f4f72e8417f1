"""Triathlon: a finish time and how sure we are."""
