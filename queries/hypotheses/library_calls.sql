-- says: {side} calls into the library for it, the other build hardly{called}
-- refuted-by: without the calls the time of {side} stays
-- about: p
-- source: perf-record(1), call chains
SELECT loop, 0.8 AS strength, side,
       coalesce(': ' || CASE side WHEN 'b' THEN called_b ELSE called_a END, '') AS called,
       list_filter(['samples: ' || samples_a || ' in a, ' || samples_b || ' in b', 'callers: ' || CASE side WHEN 'b' THEN called_b ELSE called_a END,
                    timed(time_ratio)], lambda e: e IS NOT NULL) AS evidence
FROM (SELECT *, CASE WHEN cost > 0 THEN 'b' ELSE 'a' END AS side FROM p)
WHERE kind = 'library' AND name <> 'malloc, free' AND greatest(samples_a, samples_b) >= 20 AND least(samples_a, samples_b) < 0.1 * greatest(samples_a, samples_b)
  AND (side = 'b') = (samples_b > samples_a)
  -- what is thrown has a cause of its own
  AND NOT regexp_matches(coalesce(CASE side WHEN 'b' THEN called_b ELSE called_a END, ''), '_ZSt[0-9]+__throw_|__cxa_(throw|rethrow|begin_catch|allocate_exc)|_Unwind_(RaiseException|Resume)')
