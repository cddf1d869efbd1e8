"""Indexes by which the whole installation is asked, over all employers: what a monitor counts."""

from __future__ import annotations

from sqlalchemy import Index

from benehub.store.tables import dispatch, intake_batch, run

Index("ix_run_state", run.c.state, run.c.employer_id)
Index("ix_dispatch_sent", dispatch.c.sent_at)
Index("ix_intake_batch_recorded", intake_batch.c.recorded_at)
