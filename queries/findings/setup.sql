-- finds: most of the time goes by outside the part that the program times itself: set-up dominates
-- refuted-by: with a longer computation the share of the set-up stays
-- source: the program's own measurement (kernel_seconds in timings)
SELECT h.run_id, id, 0.97 AS strength, NULL::DOUBLE AS part,
       'the program says that its kernel takes ' || printf('%.3f', r.kernel_seconds) || ' s of ' || printf('%.3f', r.wall) || ' s: what is hot here is mostly set-up' AS says,
       'give the kernel more to do (--run-args), or look at its own loops only' AS helps, NULL AS flags,
       [{'rows': 'SELECT wall, kernel_seconds FROM runs', 'says': 'the program''s own clock'}] AS evidence
FROM h JOIN runs r USING (run_id) WHERE id = 1 AND r.kernel_seconds < 0.3 * r.wall
