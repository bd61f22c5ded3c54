"""Rule IDs that are not a reader's of files: they need the deployed stack or live figures. Reserved, so never reused.

``plan`` reports the first kind by comparing with what is deployed; the second needs what the account has measured.
"""

from __future__ import annotations

RESERVED: dict[str, tuple[str, str]] = {
    "TW-IDX-016": ("deployed", "More than one global secondary index created or deleted in one update"),
    "TW-IDX-017": ("deployed", "An index's keys or projection changed under the same name"),
    "TW-IDX-018": ("deployed", "An index removed while code, a policy or an alarm still names it"),
    "TW-IDX-019": ("deployed", "A new index on a large table: the stack is complete before the index is"),
    "TW-IDX-020": ("live", "An index that nobody reads"),
    "TW-CAP-013": ("live", "Measured use says that the other billing mode costs less"),
    "TW-TTL-003": ("deployed", "The TTL attribute renamed in one update"),
    "TW-TTL-006": ("live", "TTL is on and deletes nothing"),
    "TW-SAF-003": ("deployed", "A named table changed in a way that needs a replacement"),
    "TW-SAF-004": ("deployed", "A change that replaces the table by an empty one"),
    "TW-SAF-009": ("live", "No termination protection on a stack that holds data"),
    "TW-SAF-010": ("deployed", "A table turned into a global table in the template"),
    "TW-SAF-011": ("deployed", "A stream changed or removed while it has consumers"),
    "TW-SAF-012": ("deployed", "DeletionPolicy Retain added and the table removed in one update"),
    "TW-SAF-013": ("deployed", "TTL turned on for an attribute that items already carry"),
    "TW-CLS-001": ("live", "Measured costs say that the other table class costs less"),
    "TW-CLS-002": ("deployed", "The table class changes more often than AWS allows"),
}
"""ID to (what it needs, what it says)."""
