"""Mails as text: what each purpose says, in the recipient's language."""
