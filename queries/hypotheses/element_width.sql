-- says: the elements are {type_b} instead of {type_a}: another number of them fits a vector and a cache line
-- refuted-by: the bytes that each side moves in a second differ
-- expects: CASE WHEN type_b = 'double' THEN 'slower' ELSE 'faster' END
-- contradicted-by: numbers are converted from one to the other in the loop: what lies in memory kept its type | (coalesce(converts_a, 0) = 0) <> (coalesce(converts_b, 0) = 0)
-- source: Intel 64 and IA-32 Architectures Optimization Reference Manual, SIMD chapters; Agner Fog, Optimizing software in C++, ch. 12
SELECT loop,
       0.93 AS strength,
       type_a, type_b,
       list_filter([counted('operations on float', float_operations_a, float_operations_b),
                    counted('operations on double', double_operations_a, double_operations_b),
                    'remarks: vector width ' || vector_width_a || ' in a, ' || vector_width_b || ' in b',
                    timed(time_ratio)], lambda e: e IS NOT NULL) AS evidence
FROM (SELECT *,
             CASE WHEN float_operations_a > double_operations_a THEN 'float'
                  WHEN double_operations_a > float_operations_a THEN 'double' END AS type_a,
             CASE WHEN float_operations_b > double_operations_b THEN 'float'
                  WHEN double_operations_b > float_operations_b THEN 'double' END AS type_b
      FROM d)
WHERE type_a <> type_b AND (vector_bits_a > 0) = (vector_bits_b > 0)
