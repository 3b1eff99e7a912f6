-- says: no remark changed but the machine code did: instruction selection, scheduling or registers
-- refuted-by: llvm-mca's cycles for both versions do not follow the time
-- source: LLVM, "The LLVM Target-Independent Code Generator" (llvm.org/docs/CodeGenerator.html)
SELECT loop, 0.35 AS strength,
       [counted('instructions of the loop', instructions_a, instructions_b), timed(time_ratio)] AS evidence
FROM d WHERE code_changed AND NOT remarks_changed AND verdict IN ('faster', 'slower')
