"""Referral ties: how trust between organisations forms, moves and is used."""
