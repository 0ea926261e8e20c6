"""NexusZero: lattice parameters of zero-knowledge circuits, exactly searched and learned."""
