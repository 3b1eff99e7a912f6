-- says: the loop is no longer vectorised because the source or a flag switches it off
-- refuted-by: without the pragma or flag the loop stays scalar, or the time stays
-- expects: slower
-- contradicted-by: b has it vectorised too | list_contains(done_b, 'loop-vectorize:Vectorized') OR coalesce(vector_width_b, 1) > 1
-- source: Clang Language Extensions, "Extensions for loop hint optimizations" (clang.llvm.org/docs/LanguageExtensions.html)
SELECT d.loop, 0.92 AS strength,
       list_filter([off.fact, r.fact, timed(d.time_ratio)], lambda e: e IS NOT NULL) AS evidence
FROM d JOIN remark_facts r
  ON r.loop = d.loop AND r.side = 'a' AND r.change = 'disappeared'
 AND r.pass = 'loop-vectorize' AND r.name = 'Vectorized'
JOIN (SELECT loop, fact FROM edits
      WHERE side = 'b' AND regexp_matches(text, 'vectorize(_width)?\((disable|1)\)')
      UNION ALL SELECT d.loop, fact FROM d, flag_edits
      WHERE side = 'b' AND flag IN ('-fno-vectorize', '-fno-tree-vectorize', '-O1', '-Og', '-Oz')
        AND d.stack_accesses_b <= d.stack_accesses_a + 2
      UNION ALL SELECT loop, fact FROM remark_facts
      WHERE side = 'b' AND change = 'appeared' AND name = 'AllDisabled') off ON off.loop = d.loop
