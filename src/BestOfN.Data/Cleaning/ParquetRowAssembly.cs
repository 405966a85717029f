using Parquet;
using Parquet.Data;
using Parquet.Schema;

namespace BestOfN.Data.Cleaning;

/// <summary>Puts the rows of a Parquet row group together from its columns, nested as deep as they are: structs become dictionaries,
/// lists become lists. Maps are passed over.</summary>
/// <remarks>Record assembly by definition and repetition levels, after Melnik et al. 2010, Dremel,
/// https://doi.org/10.14778/1920841.1920886.
/// The library's own untyped reader leaves lists of structs empty.</remarks>
internal static class ParquetRowAssembly
{
    /// <exception cref="InvalidDataException">A column has a type or levels that are not understood.</exception>
    public static async Task<Dictionary<string, object?>[]> ReadAsync(ParquetReader reader, int group)
    {
        using var columns = reader.OpenRowGroupReader(group);
        var rows = new Dictionary<string, object?>[columns.RowCount];
        for (var row = 0; row < rows.Length; row++)
        {
            rows[row] = [];
        }

        foreach (var path in reader.Schema.Fields.SelectMany(field => Leaves(field, [])))
        {
            var leaf = (DataField)path[^1];
            using var column = await columns.ReadRawColumnDataBaseAsync(leaf);
            Add(rows, path, column, leaf);
        }

        return rows;
    }

    private static IEnumerable<Field[]> Leaves(Field field, Field[] before) => field switch
    {
        StructField parts => parts.Fields.SelectMany(part => Leaves(part, [.. before, field])),
        ListField list => Leaves(list.Item, [.. before, field]),
        DataField => [[.. before, field]],
        _ => [],
    };

    private static void Add(Dictionary<string, object?>[] rows, Field[] path, RawColumnData column, DataField leaf)
    {
        int[] levels = leaf.MaxDefinitionLevel > 0 ? [.. column.DefinitionLevels] : [];
        int[] repeats = leaf.MaxRepetitionLevel > 0 ? [.. column.RepetitionLevels] : [];
        var valueAt = Values(column, leaf);
        var indices = new int[leaf.MaxRepetitionLevel + 1];
        var (row, value) = (-1, 0);
        var slots = levels.Length > 0 ? levels.Length : repeats.Length > 0 ? repeats.Length : rows.Length;
        for (var slot = 0; slot < slots; slot++)
        {
            var (level, repeat) = (levels.Length > 0 ? levels[slot] : 0, repeats.Length > 0 ? repeats[slot] : 0);
            row += repeat == 0 ? 1 : 0;
            var isValue = level == leaf.MaxDefinitionLevel;
            Place(rows[row], path, level, repeat, indices, isValue ? valueAt(value) : null);
            value += isValue ? 1 : 0;
        }
    }

    private static void Place(Dictionary<string, object?> row, Field[] path, int level, int repeat, int[] indices, object? value)
    {
        var (depth, list) = (0, 0);
        object place = row;             // a dictionary, or a list with an index
        var index = 0;
        foreach (var field in path)
        {
            depth += field.IsNullable ? 1 : 0;
            if (level < depth)
            {
                Set(field, null);
                return;
            }

            switch (field)
            {
                case StructField:
                    place = Get(field) as Dictionary<string, object?> ?? Set(field, new Dictionary<string, object?>())!;
                    break;
                case ListField:
                    var items = Get(field) as List<object?> ?? (List<object?>)Set(field, new List<object?>())!;
                    list++;
                    depth++;
                    if (level < depth)
                    {
                        return;         // an empty list
                    }

                    indices[list] = repeat < list ? 0 : repeat == list ? indices[list] + 1 : indices[list];
                    index = indices[list];
                    while (items.Count <= index)
                    {
                        items.Add(null);
                    }

                    place = items;
                    break;
                default:
                    Set(field, value);
                    break;
            }
        }

        object? Get(Field field) => place is List<object?> items ? items[index]
            : ((Dictionary<string, object?>)place).GetValueOrDefault(field.Name);

        object? Set(Field field, object? content)
        {
            if (place is List<object?> items)
            {
                items[index] = content;
            }
            else
            {
                ((Dictionary<string, object?>)place)[field.Name] = content;
            }

            return content;
        }
    }

    // Texts and bytes are copied: the column's memory goes back when it has been read.
    private static Func<int, object?> Values(RawColumnData column, DataField field) => column switch
    {
        RawColumnData<ReadOnlyMemory<char>> c => i => c.Values[i].ToString(),
        RawColumnData<ReadOnlyMemory<byte>> c => i => c.Values[i].ToArray(),
        RawColumnData<bool> c => i => c.Values[i],
        RawColumnData<sbyte> c => i => c.Values[i],
        RawColumnData<byte> c => i => c.Values[i],
        RawColumnData<short> c => i => c.Values[i],
        RawColumnData<ushort> c => i => c.Values[i],
        RawColumnData<int> c => i => c.Values[i],
        RawColumnData<uint> c => i => c.Values[i],
        RawColumnData<long> c => i => c.Values[i],
        RawColumnData<float> c => i => c.Values[i],
        RawColumnData<double> c => i => c.Values[i],

        // Nothing that a record is made of: times, large numbers.
        RawColumnData<ulong> or RawColumnData<decimal> or RawColumnData<DateTime> or RawColumnData<TimeSpan> => _ => null,
        _ => throw new InvalidDataException($"the column {field.Path} has a type that is not read: {field.ClrType.Name}"),
    };
}
