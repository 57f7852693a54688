"""How well `matcher.text` suggests, on texts whose labels are known and never trained on."""
