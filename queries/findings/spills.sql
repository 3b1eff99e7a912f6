-- finds: the loop needs more registers than there are: values go to the stack and back in every pass
-- refuted-by: with less interleaving or unrolling the accesses to the stack go but the time stays
-- source: LLVM, "Auto-Vectorization in LLVM" (llvm.org/docs/Vectorizers.html), interleaving and register pressure
SELECT h.run_id, id, CASE WHEN stack_accesses > 0.25 * instructions THEN 0.8 ELSE 0.5 END AS strength,
       cycles / reach AS part,
       stack_accesses || ' of the ' || instructions || ' instructions of a pass put values on the stack or take them back: the loop needs more registers than there are' AS says,
       'interleave or unroll less (#pragma clang loop interleave_count(1)), or split the loop' AS helps,
       '-fno-unroll-loops' AS flags,
       [{'rows': 'FROM instructions WHERE stack AND machine_loop = ' || machine_loop, 'says': stack_accesses || ' accesses to the stack'}] AS evidence
FROM h WHERE loop IS NOT NULL AND stack_accesses >= 6 AND stack_accesses > 0.12 * instructions AND NOT calls
  -- one place again and again is a variable that has to be there (volatile)
  AND (SELECT count(DISTINCT displacement) FROM instructions i WHERE i.run_id = h.run_id AND i.machine_loop = h.machine_loop AND i.stack) > 2
  -- long double comes and goes by the stack
  AND NOT EXISTS (FROM instructions i WHERE i.run_id = h.run_id AND i.machine_loop = h.machine_loop AND regexp_matches(i.mnemonic, '^fi?(ld|st)'))
