-- says: {side} spends more time in the kernel for {what}{called}
-- refuted-by: with as many calls of the kernel the time stays
-- about: p
-- source: syscalls(2); perf-record(1), call chains
SELECT loop, CASE WHEN samples_a < 20 OR samples_b < 20 OR verdict IN ('faster', 'slower') THEN 0.85 ELSE 0.4 END AS strength, side, name AS what,
       coalesce(', ' || CASE side WHEN 'b' THEN called_b ELSE called_a END, '') AS called,
       list_filter(['samples: ' || samples_a || ' in a, ' || samples_b || ' in b', 'callers: ' || CASE side WHEN 'b' THEN called_b ELSE called_a END,
                    timed(time_ratio)], lambda e: e IS NOT NULL) AS evidence
FROM (SELECT *, CASE WHEN cost > 0 THEN 'b' ELSE 'a' END AS side FROM p)
WHERE kind = 'kernel' AND name IN ('input and output', 'scheduling and waiting', 'starting and ending processes', 'other system calls')
  AND (verdict IN ('faster', 'slower') OR least(samples_a, samples_b) < 20 AND greatest(samples_a, samples_b) >= 40)
