"""Interventions and the schedules that give them."""
