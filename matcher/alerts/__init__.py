"""The reverse question: which standing alerts does a listing hit?"""

from matcher.alerts.alert import Alert, AlertError, Hit
from matcher.alerts.columns import AlertColumns
from matcher.alerts.index import AlertIndex

__all__ = ["Alert", "AlertColumns", "AlertError", "AlertIndex", "Hit"]
