-- says: a selection has become a jump that depends on the data, and may be mispredicted
-- refuted-by: on sorted data, where every jump is predicted, the time differs as well
-- expects: slower
-- contradicted-by: the branch goes the same way nearly every time | greatest(undecided_a, undecided_b) < 0.01
-- contradicted-by: no branch on the data is known | undecided_b IS NULL
-- contradicted-by: no more jumps an iteration | jumped_b <= jumped_a
-- source: Agner Fog, The microarchitecture of Intel, AMD and VIA CPUs, ch. 3 (branch prediction); LLVM, X86 cmov conversion
SELECT loop, 0.9 AS strength,
       list_filter([counted('conditional jumps', branches_a, branches_b),
                    counted('selections', selects_a, selects_b), timed(time_ratio)],
                   lambda e: e IS NOT NULL) AS evidence
FROM d WHERE branches_b > branches_a AND selects_b < selects_a AND vector_bits_a = vector_bits_b
