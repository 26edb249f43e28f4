"""Results that nothing needs any more: found by what is reached, removed so that nothing half is left."""
