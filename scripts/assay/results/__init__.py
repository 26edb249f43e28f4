"""From receipts to tables, and from tables to comparisons."""
