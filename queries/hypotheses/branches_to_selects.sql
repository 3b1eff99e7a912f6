-- says: a jump that depends on the data has become a selection, which cannot be mispredicted
-- refuted-by: on sorted data, where every jump is predicted, the time differs as well
-- source: Agner Fog, The microarchitecture of Intel, AMD and VIA CPUs, ch. 3 (branch prediction); LLVM, SimplifyCFG
SELECT loop, weighed(0.9, verdict, 'faster') AS strength,
       list_filter([counted('conditional jumps', branches_a, branches_b),
                    counted('selections', selects_a, selects_b), timed(time_ratio)],
                   lambda e: e IS NOT NULL) AS evidence
FROM d WHERE branches_b < branches_a AND selects_b > selects_a AND vector_bits_a = vector_bits_b
