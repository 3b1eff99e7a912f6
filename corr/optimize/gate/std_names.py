"""Names of the C++ library that a change may use: what computes, holds values or asks for types.

By header, so that what is missing is seen. Not among them: threads, files, streams, time, the
environment, random devices, and whatever keeps a function to call it later (function, bind,
invoke, ref). Which of them a file has is for the compiler to say.
"""

from __future__ import annotations


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_HEADERS = {
    "algorithm": """
        all_of any_of none_of for_each for_each_n find find_if find_if_not find_end find_first_of
        adjacent_find count count_if mismatch equal search search_n copy copy_if copy_n
        copy_backward move move_backward swap_ranges iter_swap transform replace replace_if
        replace_copy fill fill_n generate generate_n remove_if remove_copy remove_copy_if unique
        unique_copy reverse reverse_copy rotate rotate_copy shift_left shift_right is_partitioned
        partition stable_partition partition_copy partition_point is_sorted is_sorted_until sort
        stable_sort partial_sort partial_sort_copy nth_element lower_bound upper_bound
        binary_search equal_range merge inplace_merge includes set_union set_intersection
        set_difference set_symmetric_difference is_heap push_heap pop_heap make_heap sort_heap max
        min minmax max_element min_element minmax_element clamp lexicographical_compare
        is_permutation next_permutation prev_permutation""",
    "numeric": """
        iota accumulate inner_product adjacent_difference partial_sum reduce transform_reduce
        inclusive_scan exclusive_scan transform_inclusive_scan transform_exclusive_scan gcd lcm
        midpoint lerp""",
    "containers": """
        array to_array vector deque list forward_list set multiset map multimap unordered_set
        unordered_map unordered_multiset unordered_multimap stack queue priority_queue span
        extents mdspan bitset valarray slice gslice pair tuple optional variant monostate any
        string string_view basic_string basic_string_view initializer_list nullopt
        in_place""",
    "utility": """
        swap exchange forward move move_if_noexcept as_const declval make_pair make_tuple tie
        forward_as_tuple get apply tuple_cat tuple_size tuple_size_v tuple_element
        tuple_element_t index_sequence make_index_sequence integer_sequence
        make_integer_sequence index_sequence_for piecewise_construct hash in_range cmp_less
        to_underlying unreachable assume_aligned addressof launder start_lifetime_as visit
        holds_alternative get_if""",
    "functional": """
        plus minus multiplies divides modulus negate less less_equal greater greater_equal
        equal_to not_equal_to logical_and logical_or logical_not bit_and bit_or bit_xor bit_not
        identity""",
    "iterator": """
        begin end cbegin cend rbegin rend data size ssize empty distance advance next prev
        back_inserter inserter front_inserter make_move_iterator make_reverse_iterator
        iterator_traits reverse_iterator move_iterator forward_iterator_tag
        random_access_iterator_tag contiguous_iterator_tag input_iterator output_iterator
        forward_iterator bidirectional_iterator random_access_iterator contiguous_iterator""",
    "memory": """
        unique_ptr shared_ptr make_unique make_shared make_unique_for_overwrite allocator
        allocator_traits uninitialized_copy uninitialized_copy_n uninitialized_fill
        uninitialized_fill_n uninitialized_default_construct uninitialized_value_construct
        uninitialized_move destroy destroy_n destroy_at construct_at align align_val_t nothrow
        nothrow_t to_address default_delete""",
    "type_traits": """
        is_same is_same_v is_integral is_integral_v is_floating_point is_floating_point_v
        is_arithmetic is_arithmetic_v is_signed is_signed_v is_unsigned is_unsigned_v is_pointer_v
        is_const_v is_trivially_copyable is_trivially_copyable_v is_trivial_v is_empty_v
        is_base_of_v is_convertible_v is_invocable_v is_constant_evaluated conditional
        conditional_t enable_if enable_if_t decay decay_t remove_reference remove_reference_t
        remove_cv_t remove_cvref_t remove_const_t remove_pointer_t remove_extent_t make_signed_t
        make_unsigned_t common_type_t underlying_type_t integral_constant bool_constant true_type
        false_type void_t type_identity_t invoke_result_t alignment_of_v rank_v extent_v""",
    "concepts": """
        same_as derived_from convertible_to integral signed_integral unsigned_integral
        floating_point invocable regular_invocable predicate totally_ordered regular semiregular
        copyable movable default_initializable""",
    "limits, cstdint, cstddef": """
        numeric_limits size_t ssize_t ptrdiff_t nullptr_t max_align_t byte to_integer int8_t int16_t
        int32_t int64_t uint8_t uint16_t uint32_t uint64_t intptr_t uintptr_t intmax_t uintmax_t
        int_fast8_t int_fast16_t int_fast32_t int_fast64_t uint_fast8_t uint_fast16_t
        uint_fast32_t uint_fast64_t""",
    "bit": """
        bit_cast bit_ceil bit_floor bit_width countl_zero countl_one countr_zero countr_one
        popcount has_single_bit rotl rotr endian byteswap""",
    "numbers, complex": """
        numbers pi e sqrt2 sqrt3 ln2 ln10 inv_pi phi pi_v e_v sqrt2_v ln2_v complex real imag arg
        norm conj proj polar complex_literals literals""",
    "cmath": """
        abs fabs fmod remainder fma fmax fmin fdim nan exp exp2 expm1 log log10 log2 log1p pow sqrt
        cbrt hypot sin cos tan asin acos atan atan2 sinh cosh tanh asinh acosh atanh erf erfc
        tgamma lgamma ceil floor trunc round lround llround nearbyint rint lrint llrint frexp ldexp
        modf scalbn scalbln ilogb logb nextafter copysign isfinite isinf isnan isnormal signbit
        isgreater isgreaterequal isless islessequal islessgreater isunordered float_t double_t
        sqrtf fabsf expf""",
    "cstring, cstdlib, cctype": """
        memcpy memmove memset memcmp memchr strlen strcmp strncmp malloc calloc realloc free
        aligned_alloc labs llabs div ldiv lldiv atoi atol atoll atof strtol strtoll strtoul strtoull
        strtod strtof strtold isalpha isdigit isalnum isspace isupper islower ispunct isxdigit
        toupper tolower""",
    "string, charconv": """
        to_string stoi stol stoll stoul stoull stof stod stold to_chars to_chars_result from_chars
        from_chars_result chars_format errc""",
    "ranges": """
        ranges views view iota_view subrange borrowed_range range random_access_range sized_range
        range_value_t all take drop take_while drop_while filter zip enumerate keys values
        elements join split common stride chunk slide cartesian_product""",
    "stdexcept": """
        exception runtime_error logic_error out_of_range length_error invalid_argument
        domain_error bad_alloc""",
}
STANDARD = frozenset().union(*(_words(text) for text in _HEADERS.values()))
#: Those that are types of objects, whose values are made as functions are called: string(3, 'x').
CLASSES = _words(_HEADERS["containers"]) - _words("to_array in_place nullopt")
#: Those that are functions and no templates, so that their names alone have an address.
FUNCTIONS = _words(_HEADERS["string, charconv"]) - _words(
    "to_chars_result from_chars_result chars_format errc"
)
#: What gives streams of C++ buffers of their own, apart from C's.
STREAM_BUFFERS = _words("ios ios_base sync_with_stdio")
#: Members that are named through a class: std::vector<int>::iterator, T::value_type.
NESTED = _words(
    """
    value_type size_type difference_type reference const_reference pointer const_pointer iterator
    const_iterator reverse_iterator const_reverse_iterator key_type mapped_type type value npos
    epsilon infinity max min lowest quiet_NaN signaling_NaN denorm_min digits digits10
    max_exponent min_exponent is_integer is_signed allocator_type element_type
    """
)
