"""Bijections from redshift (0, maximum) to a standardised real line, with their log-Jacobian.

u = (g(z) - mean) / deviation, so log p(z) = log p(u) + log g'(z) - log deviation: natural units of redshift.
"""

import numpy as np


class RedshiftScale:
    """kind: 'raw' g=z, 'log' g=log z, 'log1p' g=log(1+z), 'softplus' g=log(expm1(z)), 'logit' g=log(z/(maximum-z))."""

    def __init__(self, kind, training_redshift, maximum=4.0):
        self.kind, self.maximum = kind, maximum
        value = self._map(training_redshift)
        self.mean, self.deviation = value.mean(), value.std()

    def forward(self, redshift):
        return (self._map(redshift) - self.mean) / self.deviation

    def log_jacobian(self, redshift):
        z = redshift
        slope = {
            "raw": lambda: np.zeros_like(z),
            "log": lambda: -np.log(z),
            "log1p": lambda: -np.log1p(z),
            "softplus": lambda: -np.log(-np.expm1(-z)),
            "logit": lambda: np.log(self.maximum) - np.log(z) - np.log(self.maximum - z),
        }[self.kind]()
        return slope - np.log(self.deviation)

    def _map(self, z):
        return {
            "raw": lambda: z,
            "log": lambda: np.log(z),
            "log1p": lambda: np.log1p(z),
            "softplus": lambda: np.log(np.expm1(z)),
            "logit": lambda: np.log(z) - np.log(self.maximum - z),
        }[self.kind]()
