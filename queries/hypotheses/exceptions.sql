-- says: {side} throws exceptions, the other build hardly: {called}
-- refuted-by: with a test in place of the exception the time of {side} stays
-- about: p
-- source: Itanium C++ ABI: Exception Handling, 1.3 (two phases); C++ Core Guidelines, E.3 (exceptions for error handling only)
SELECT loop, 0.9 AS strength, side, CASE side WHEN 'b' THEN called_b ELSE called_a END AS called,
       list_filter(['samples: ' || samples_a || ' in a, ' || samples_b || ' in b', timed(time_ratio)], lambda e: e IS NOT NULL) AS evidence
FROM (SELECT *, CASE WHEN cost > 0 THEN 'b' ELSE 'a' END AS side FROM p)
WHERE kind = 'library' AND greatest(samples_a, samples_b) >= 20 AND least(samples_a, samples_b) < 0.1 * greatest(samples_a, samples_b)
  AND (side = 'b') = (samples_b > samples_a)
  AND regexp_matches(CASE side WHEN 'b' THEN called_b ELSE called_a END, '_ZSt[0-9]+__throw_|__cxa_(throw|rethrow|begin_catch|allocate_exc)|_Unwind_(RaiseException|Resume)')
