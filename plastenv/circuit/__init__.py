"""The fast circuit: rate neurons, the plasticity rule, the event table, probes."""
