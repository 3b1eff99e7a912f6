-- says: {flag} lets the compiler reorder floating-point operations, {how}
-- refuted-by: without the flag the loop is compiled the same, or the time stays
-- expects: faster
-- source: Clang user's manual, "Controlling Floating Point Behavior" (clang.llvm.org/docs/UsersManual.html)
-- confirm: b: -fno-fast-math
SELECT d.loop,
       CASE WHEN why.fact IS NOT NULL THEN 0.94 ELSE 0.6 END AS strength,
       f.flag, CASE WHEN why.fact IS NOT NULL THEN 'which kept this loop in order before' ELSE 'and the code of this loop changed' END AS how,
       list_filter([f.fact, why.fact, timed(d.time_ratio)], lambda e: e IS NOT NULL) AS evidence
FROM d, (SELECT min(flag) AS flag, min(fact) AS fact FROM flag_edits
         WHERE side = 'b' AND flag IN ('-ffast-math', '-Ofast', '-fassociative-math',
                                       '-funsafe-math-optimizations', '-ffp-model=fast',
                                       '-ffp-model=aggressive')) f
LEFT JOIN (SELECT loop, min(fact) AS fact FROM remark_facts
           WHERE side = 'a' AND change = 'disappeared' AND name = 'CantReorderFPOps' GROUP BY loop) why
  ON why.loop = d.loop
WHERE f.flag IS NOT NULL AND d.code_changed
  AND d.float_operations_a + d.double_operations_a > 0
