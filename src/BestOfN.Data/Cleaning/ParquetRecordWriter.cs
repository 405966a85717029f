using System.Collections;
using BestOfN.Inputs.Files;
using Parquet;
using Parquet.Data;
using Parquet.Meta;
using Parquet.Schema;

namespace BestOfN.Data.Cleaning;

/// <summary>Writes some rows of a Parquet file with its schema, its metadata, its codec and its row groups. A file of which all rows are
/// kept is copied byte for byte.</summary>
internal sealed class ParquetRecordWriter(string path, Stream output) : IRecordWriter
{
    private readonly List<int> _rows = [];

    public void Write(CorpusPiece piece) => _rows.Add(piece.Number);

    public void Finish() => FinishAsync().GetAwaiter().GetResult();

    private async Task FinishAsync()
    {
        await using var file = RegularFile.Open(path);
        await using var reader = await ParquetReader.CreateAsync(file, leaveStreamOpen: true);
        if (_rows.Count == reader.Metadata!.RowGroups.Sum(group => group.NumRows))
        {
            file.Position = 0;
            await file.CopyToAsync(output);
            return;
        }

        var codec = reader.Metadata.RowGroups.SelectMany(group => group.Columns).FirstOrDefault()?.MetaData?.Codec;
        var options = new ParquetOptions
        {
            CompressionMethod = codec is { } known && Enum.TryParse<CompressionMethod>($"{known}", ignoreCase: true, out var method)
                ? method : CompressionMethod.Snappy,
        };
        await using var writer = await ParquetWriter.CreateAsync(reader.Schema, output, options);
        writer.CustomMetadata = reader.CustomMetadata;
        var (first, next) = (0, 0);
        for (var group = 0; group < reader.RowGroupCount; group++)
        {
            using var rows = reader.OpenRowGroupReader(group);
            var kept = new BitArray((int)rows.RowCount);
            for (; next < _rows.Count && _rows[next] < first + kept.Length; next++)
            {
                kept[_rows[next] - first] = true;
            }

            first += kept.Length;
            if (kept.HasAnySet())
            {
                using var to = writer.CreateRowGroup();
                foreach (var field in reader.Schema.GetDataFields())
                {
                    using var column = await rows.ReadRawColumnDataBaseAsync(field);
                    await CopyAsync(column, field, kept, to);
                }

                to.CompleteValidate();
            }
        }
    }

    private Task CopyAsync(RawColumnData column, DataField field, BitArray kept, ParquetRowGroupWriter to) => column switch
    {
        RawColumnData<ReadOnlyMemory<char>> c => CopyAsync(c, field, kept, to),
        RawColumnData<ReadOnlyMemory<byte>> c => CopyAsync(c, field, kept, to),
        RawColumnData<bool> c => CopyAsync(c, field, kept, to),
        RawColumnData<sbyte> c => CopyAsync(c, field, kept, to),
        RawColumnData<byte> c => CopyAsync(c, field, kept, to),
        RawColumnData<short> c => CopyAsync(c, field, kept, to),
        RawColumnData<ushort> c => CopyAsync(c, field, kept, to),
        RawColumnData<int> c => CopyAsync(c, field, kept, to),
        RawColumnData<uint> c => CopyAsync(c, field, kept, to),
        RawColumnData<long> c => CopyAsync(c, field, kept, to),
        RawColumnData<ulong> c => CopyAsync(c, field, kept, to),
        RawColumnData<float> c => CopyAsync(c, field, kept, to),
        RawColumnData<double> c => CopyAsync(c, field, kept, to),
        RawColumnData<decimal> c => CopyAsync(c, field, kept, to),
        RawColumnData<DateTime> c => CopyAsync(c, field, kept, to),
        RawColumnData<TimeSpan> c => CopyAsync(c, field, kept, to),
        _ => throw new InvalidDataException($"{path}: the column {field.Path} has a type that cannot be written: {field.ClrType.Name}"),
    };

    // Values, definition and repetition levels of the rows that stay. A row begins where the repetition level is 0.
    private static async Task CopyAsync<T>(RawColumnData<T> column, DataField field, BitArray kept, ParquetRowGroupWriter to) where T
        : struct
    {
        var (values, definitions, repetitions) = (new List<T>(), new List<int>(), new List<int>());
        Select();
        if (field.MaxDefinitionLevel == 0)
        {
            // Without levels the library counts the rows by the values.
            await to.WriteAsync<T>(field, values.ToArray());
            return;
        }

        await to.WriteAllPartsAsync<T>(
            field, values.ToArray(),
            definitions.ToArray(),
            field.MaxRepetitionLevel > 0 ? repetitions.ToArray() : null,
            CancellationToken.None);

        void Select()
        {
            var levels = field.MaxDefinitionLevel > 0 ? column.DefinitionLevels : [];
            var repeats = field.MaxRepetitionLevel > 0 ? column.RepetitionLevels : [];
            var all = column.Values;
            var slots = Math.Max(Math.Max(levels.Length, repeats.Length), levels.IsEmpty ? all.Length : 0);
            var (row, value) = (-1, 0);
            for (var slot = 0; slot < slots; slot++)
            {
                row += repeats.IsEmpty || repeats[slot] == 0 ? 1 : 0;
                var isValue = levels.IsEmpty || levels[slot] == field.MaxDefinitionLevel;
                if (kept[row])
                {
                    definitions.Add(levels.IsEmpty ? 0 : levels[slot]);
                    repetitions.Add(repeats.IsEmpty ? 0 : repeats[slot]);
                    if (isValue)
                    {
                        values.Add(all[value]);
                    }
                }

                value += isValue ? 1 : 0;
            }
        }
    }
}
