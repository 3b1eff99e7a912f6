-- says: {side} {how}{called}
-- refuted-by: without the calls the time of {side} stays
-- about: p
-- source: perf-record(1), call chains
SELECT loop, 0.8 AS strength, side,
       -- a large part of a run that is over soon is little time, but no rare thing
       CASE WHEN EXISTS (FROM sides s JOIN functions f USING (run_id) WHERE s.side <> p.side AND f.linkage = p.name AND f.name IS NOT NULL AND EXISTS (FROM instructions i WHERE i.run_id = s.run_id AND i.symbol = p.name))
            THEN 'has it in a library that could not be read, and the other build in the program itself: nothing of it is compared (FROM problems says why)'
            WHEN least(coalesce(share_a, 0), coalesce(share_b, 0)) < 0.05 THEN 'calls into the library for it, the other build hardly'
            ELSE 'calls into the library for it, for ' || round(coalesce(greatest(time_ratio, 1 / time_ratio), greatest(samples_a, samples_b) / least(samples_a, samples_b)))::BIGINT || ' times as long as the other build' END AS how,
       coalesce(': ' || CASE side WHEN 'b' THEN called_b ELSE called_a END, '') AS called,
       list_filter(['samples: ' || samples_a || ' in a, ' || samples_b || ' in b', 'callers: ' || CASE side WHEN 'b' THEN called_b ELSE called_a END,
                    timed(time_ratio)], lambda e: e IS NOT NULL) AS evidence
FROM (SELECT *, CASE WHEN cost > 0 THEN 'b' ELSE 'a' END AS side FROM p) p
WHERE kind = 'library' AND name <> 'malloc, free' AND greatest(samples_a, samples_b) >= 20 AND least(samples_a, samples_b) < 0.1 * greatest(samples_a, samples_b)
  AND (side = 'b') = (samples_b > samples_a)
  -- what is thrown has a cause of its own
  AND NOT regexp_matches(coalesce(CASE side WHEN 'b' THEN called_b ELSE called_a END, ''), '_ZSt[0-9]+__throw_|__cxa_(throw|rethrow|begin_catch|allocate_exc)|_Unwind_(RaiseException|Resume)')
