-- says: {side} is built without optimisation: every variable is loaded and stored each time
-- refuted-by: with optimisation switched on there the time stays
-- expects: CASE WHEN side = 'a' THEN 'faster' ELSE 'slower' END
-- source: Clang user's manual, "Code Generation Options", -O0 (clang.llvm.org/docs/CommandGuide/clang.html)
-- confirm: b: -O2
SELECT d.loop,
       0.94 AS strength,
       plain.side AS side,
       list_filter(['runs ' || plain.side || ': flags ' || array_to_string(plain.flags, ' '),
                    counted('accesses to the stack', d.stack_accesses_a, d.stack_accesses_b),
                    timed(d.time_ratio)], lambda e: e IS NOT NULL) AS evidence
FROM d, (SELECT side, flags FROM sides JOIN runs USING (run_id)
         WHERE coalesce(list_last(list_filter(flags, lambda f: regexp_matches(f, '^-O'))), '-O0') = '-O0') plain
WHERE CASE WHEN plain.side = 'a' THEN d.stack_accesses_a > d.stack_accesses_b
           ELSE d.stack_accesses_b > d.stack_accesses_a END
