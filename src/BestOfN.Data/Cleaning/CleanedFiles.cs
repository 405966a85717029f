using System.Globalization;
using System.Text.Json;
using System.Text;
using BestOfN.Inputs.Files;

namespace BestOfN.Data.Cleaning;

/// <summary>The outputs of a cleaned corpus: what is kept and what is dropped, in files like the inputs, and a list of the
/// reasons.</summary>
/// <remarks>All of them appear when all are whole.</remarks>
internal sealed class CleanedFiles : IDisposable
{
    private readonly Corpus _corpus;
    private readonly CorpusIndex _index;
    private readonly RewardDecision _decision;
    private readonly string _output;
    private readonly WholeFile _list;
    private readonly WholeFile? _edits;
    private readonly Dictionary<string, (int Records, int Kept)> _counts = [];
    private readonly List<WholeFile> _files;
    private (CorpusPart Part, IRecordWriter Kept, IRecordWriter Dropped)? _open;

    public CleanedFiles(Corpus corpus, CorpusIndex index, RewardDecision decision, string output)
    {
        (_corpus, _index, _decision, _output) = (corpus, index, decision, output);
        _list = new WholeFile(Path.Combine(output, "dropped.jsonl"));
        _edits = corpus.Options.Turns == "truncate" ? new WholeFile(Path.Combine(output, "edited.jsonl")) : null;
        _files = _edits is null ? [_list] : [_list, _edits];
    }

    /// <summary>Kept records that lost their last answers.</summary>
    public int Edited { get; private set; }

    public void Write(int record, CorpusPart part, CorpusPiece piece)
    {
        var (_, kept, dropped) = Open(part);
        var reasons = _decision.ReasonsOf(record);
        var edited = reasons.IsEmpty ? null : Truncate(record, piece, reasons);
        _counts[part.Name] = (_counts[part.Name].Records + 1, _counts[part.Name].Kept + (reasons.IsEmpty || edited is not null ? 1 : 0));
        if (edited is not null)
        {
            Edited++;
            kept.Write(piece with { Content = edited.Value.Content });
            _edits!.Stream.Write(Encoding.UTF8.GetBytes(
                $"{{\"record\": {record}, \"answers\": {edited.Value.Answers}, \"edited\": true}}\n"));
        }
        else if (reasons.IsEmpty)
        {
            kept.Write(piece);
        }
        else
        {
            dropped.Write(piece);
            _list.Stream.Write(Encoding.UTF8.GetBytes(Describe(record, part, piece, reasons) + "\n"));
        }
    }

    /// <summary>Lets the files appear.</summary>
    public void Finish()
    {
        Close();
        foreach (var part in _corpus.Parts.Where(part => !_counts.ContainsKey(part.Name)))
        {
            Open(part);         // a file without a record
            Close();
        }

        foreach (var listing in _corpus.Listings)
        {
            var file = new WholeFile(Path.Combine(_output, "kept", listing.Name));
            _files.Add(file);
            file.Stream.Write(listing.Write(_counts));
        }

        foreach (var file in _files)
        {
            file.Finish();
        }
    }

    public void Dispose()
    {
        foreach (var file in _files)
        {
            file.Dispose();
        }
    }

    private (CorpusPart Part, IRecordWriter Kept, IRecordWriter Dropped) Open(CorpusPart part)
    {
        if (_open?.Part != part)
        {
            Close();
            var (kept, dropped) = (new WholeFile(Path.Combine(_output, "kept", part.Name)),
                new WholeFile(Path.Combine(_output, "dropped", part.Name)));
            _files.AddRange([kept, dropped]);
            _counts.Add(part.Name, default);
            _open = (part, part.File.Write(kept.Stream), part.File.Write(dropped.Stream));
        }

        return _open!.Value;
    }

    private void Close()
    {
        if (_open is not null)
        {
            _open.Value.Kept.Finish();
            _open.Value.Dropped.Finish();
            _files[^2].Close();
            _files[^1].Close();
            _open = null;
        }
    }

    // Up to the last answer before the first with a low reward.
    private (ReadOnlyMemory<byte> Content, int Answers)? Truncate(int record, CorpusPiece piece, DropReasons reasons)
    {
        if (_edits is null || piece.Converted is not null || reasons != new DropReasons().With(DropReason.LowReward))
        {
            return null;
        }

        var first = _decision.TurnsOf(record).First(turn => _decision.IsLow(_index.SourceNumberOf(record), turn.Score, turn.Z)).Turn;
        return first > 0 && TruncatedRecord.Of(piece.Content, first, _corpus.Options) is { } content ? (content, first) : null;
    }

    private string Describe(int record, CorpusPart part, CorpusPiece piece, DropReasons reasons)
    {
        var line = new StringBuilder();
        line.Append(CultureInfo.InvariantCulture,
            $"{{\"record\": {record}, \"source\": {JsonSerializer.Serialize(_index.SourceOf(record))}");
        if (_corpus.Parts.Count > 1)
        {
            line.Append(CultureInfo.InvariantCulture, $", \"file\": {JsonSerializer.Serialize(part.Name)}, \"number\": {piece.Number}");
        }

        line.Append(CultureInfo.InvariantCulture, $", \"reasons\": [{string.Join(", ", reasons.Names().Select(name => $"\"{name}\""))}]");
        if (_decision.WorstOf(record) is { } worst)
        {
            line.Append(CultureInfo.InvariantCulture,
                $", \"turn\": {worst.Turn}, \"score\": {Number(worst.Score)}, \"z\": {Number(worst.Z)}");
            var content = CorpusRecord.Read(piece, _corpus.Options)!;
            var answer = content.Turns[content.Judged.ElementAt(worst.Turn)].Text;
            if (AnswerText.Hints(answer).ToArray() is { Length: > 0 } hints)
            {
                line.Append(CultureInfo.InvariantCulture, $", \"hints\": [{string.Join(", ", hints.Select(hint => $"\"{hint}\""))}]");
            }

            if (_decision.GroundingOf(record) is { } gain)
            {
                line.Append(CultureInfo.InvariantCulture, $", \"grounding\": {Number(gain)}");
            }
        }

        if (_index.DuplicateOf(record) is { } other)
        {
            line.Append(CultureInfo.InvariantCulture, $", \"duplicate_of\": {other}");
        }

        return line.Append('}').ToString();
    }

    private static string Number(double value)
    {
        var text = value.ToString("R", CultureInfo.InvariantCulture);
        return text.AsSpan().IndexOfAny(".E") < 0 ? text + ".0" : text;
    }
}
