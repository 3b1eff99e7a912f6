-- says: {side} spends more time in the allocator: memory is asked of it more often, or for less at a time{called}
-- refuted-by: with buffers that are kept the time stays
-- about: p
-- source: malloc(3); Agner Fog, Optimizing software in C++, ch. 9.6 (dynamic memory allocation)
-- How often it was asked is not counted: its time is all that is known of it.
SELECT loop, CASE WHEN samples_a < 20 OR samples_b < 20 OR verdict IN ('faster', 'slower') THEN 0.85 ELSE 0.4 END AS strength, side,
       coalesce(', ' || CASE side WHEN 'b' THEN called_b ELSE called_a END, '') AS called,
       list_filter(['samples: ' || samples_a || ' in a, ' || samples_b || ' in b', 'callers: ' || CASE side WHEN 'b' THEN called_b ELSE called_a END,
                    timed(time_ratio)], lambda e: e IS NOT NULL) AS evidence
FROM (SELECT *, CASE WHEN cost > 0 THEN 'b' ELSE 'a' END AS side FROM p)
WHERE kind = 'library' AND name = 'malloc, free' AND (verdict IN ('faster', 'slower') OR least(samples_a, samples_b) < 20 AND greatest(samples_a, samples_b) >= 40)
