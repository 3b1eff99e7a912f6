-- says: the same code lies elsewhere: its loop begins {head_a} bytes into a line of 64 in a, {head_b} in b
-- refuted-by: with loops aligned to 64 bytes the times differ as before
-- contradicted-by: the difference is more than the place of code makes | time_ratio > 2 OR time_ratio < 0.5
-- source: Mytkowicz et al., "Producing Wrong Data Without Doing Anything Obviously Wrong!" (ASPLOS 2009); Clang, -falign-loops
-- confirm: {side}: -falign-loops=64
SELECT loop, 0.4 AS strength, head_a, head_b, CASE verdict WHEN 'slower' THEN 'b' ELSE 'a' END AS side,
       [counted('instructions of the loop', instructions_a, instructions_b),
        'machine_loops: its first byte lies ' || head_a || ' bytes into a line in a, ' || head_b || ' in b', timed(time_ratio)] AS evidence
FROM d WHERE NOT code_changed AND verdict IN ('faster', 'slower') AND head_a <> head_b
  AND iterations_a IS NOT DISTINCT FROM iterations_b AND coalesce(greatest(undecided_a, undecided_b), 0) < 0.02
