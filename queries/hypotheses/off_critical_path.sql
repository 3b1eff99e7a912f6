-- says: the code of the loop changed but not its time: what changed is not what it waits for
-- refuted-by: with more repetitions the times differ
-- expects: same
-- source: llvm.org/docs/CommandGuide/llvm-mca.html (bottleneck analysis); Agner Fog, Optimizing software in C++, ch. 11
SELECT loop, CASE verdict WHEN 'same' THEN 0.35 ELSE 0.22 END AS strength,
       list_filter([counted('instructions of the loop', instructions_a, instructions_b),
                    'mca: bound by ' || bound_b || ' in b', timed(time_ratio)], lambda e: e IS NOT NULL) AS evidence
FROM d WHERE code_changed AND (verdict = 'same' OR verdict = 'inconclusive' AND time_ratio BETWEEN 0.95 AND 1.05)
