"""What attackers who have the code learn of a position, and what the cells cost the helpers."""
