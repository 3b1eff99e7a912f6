-- says: {side} is built to be watched ({flag}): what it counts or checks takes time of its own
-- refuted-by: without the flag the time stays
-- expects: CASE side WHEN 'b' THEN 'slower' ELSE 'faster' END
-- source: Clang user's manual (clang.llvm.org/docs/UsersManual.html): -fsanitize, -fprofile-generate, -pg; Clang, "Source-based Code Coverage"
SELECT d.loop, 0.93 AS strength, f.side, min(f.flag) AS flag,
       list_filter([min(f.fact), counted('instructions of the loop', d.instructions_a, d.instructions_b), timed(d.time_ratio)],
                   lambda e: e IS NOT NULL) AS evidence
FROM d, flag_edits f
WHERE d.code_changed AND regexp_matches(f.flag, '^(-fsanitize=|-f(cs-)?profile-(instr-)?generate|-fprofile-arcs|--coverage$|-coverage$|-pg$|-finstrument-functions|-fxray-instrument)')
GROUP BY d.loop, f.side, d.instructions_a, d.instructions_b, d.time_ratio
