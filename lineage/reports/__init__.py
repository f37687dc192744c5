"""What the business reads: the day's KPIs, computed in the warehouse and shown as a page and as CSV."""
