-- Which answer is being given: the one that is stored must be the one that was begun last. A replica that was away for longer than its
-- time has lost it.
ALTER TABLE dialogs ADD COLUMN answering_id uuid;
