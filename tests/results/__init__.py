"""Tests of stored results."""
