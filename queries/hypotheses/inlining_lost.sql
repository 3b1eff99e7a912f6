-- says: {callee} is no longer inlined: the loop calls it, and cannot be optimised across the call
-- refuted-by: with the call inlined again the time stays
-- expects: slower
-- contradicted-by: b calls nothing in the loop | called_b = 0
-- source: LLVM's Analysis and Transform Passes (llvm.org/docs/Passes.html), inline; Clang, noinline
-- confirm: a: -fno-inline
SELECT d.loop,
       0.93 AS strength,
       any_value(regexp_extract(r.words, '^''([^'']+)''', 1)) AS callee,
       list_filter([min(r.fact), min(why.fact), counted('places that call', d.called_a, d.called_b),
                    timed(d.time_ratio)], lambda e: e IS NOT NULL) AS evidence
FROM d JOIN remark_facts r
  ON r.loop = d.loop AND r.side = 'a' AND r.change = 'disappeared' AND r.pass = 'inline'
 AND r.tag = 'Passed' AND r.name LIKE '%Inlined'
 AND d.called_b > d.called_a
LEFT JOIN (SELECT loop, fact FROM remark_facts
           WHERE side = 'b' AND change = 'appeared' AND pass = 'inline' AND tag = 'Missed') why
  ON why.loop = d.loop
GROUP BY d.loop, d.called_a, d.called_b, d.time_ratio
