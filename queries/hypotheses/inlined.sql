-- says: {callee} is inlined into the loop, which is then optimised as a whole
-- refuted-by: with inlining switched off in b the time stays
-- expects: faster
-- contradicted-by: a calls nothing in the loop | called_a = 0
-- contradicted-by: it costs more in b | cost > 0
-- contradicted-by: the loop is there in one build only | (key_a IS NULL) <> (key_b IS NULL)
-- source: LLVM's Analysis and Transform Passes (llvm.org/docs/Passes.html), inline
-- confirm: b: -fno-inline
SELECT d.loop,
       CASE WHEN d.called_b < d.called_a THEN 0.93 ELSE 0.6 END AS strength,
       any_value(n.callee) AS callee,
       list_filter([min(n.fact), counted('places that call', d.called_a, d.called_b), timed(d.time_ratio)],
                   lambda e: e IS NOT NULL) AS evidence
FROM d JOIN newly_inlined n ON n.loop = d.loop
GROUP BY d.loop, d.called_a, d.called_b, d.time_ratio
