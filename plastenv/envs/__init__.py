"""Gymnasium environments over a batch of patients."""
