using System.Text;
using BestOfN.Inputs.Tokenizers;

namespace BestOfN.Inputs.Decoding;

/// <summary>The text of one candidate as its tokens arrive.</summary>
internal sealed class CandidateText(ITokenizer tokenizer, IReadOnlyList<string> stops)
{
    private readonly IncrementalDetokenizer _detokenizer = new(tokenizer, opensText: false);
    private readonly StopStrings _stops = new(stops);
    private readonly StringBuilder _text = new();
    private readonly List<int> _starts = [];
    private int _decoded;

    public string Text => _text.ToString();

    /// <summary>Text has met a stop string: nothing more belongs to it.</summary>
    public bool IsStopped => _stops.IsMet;

    /// <summary>How many of the tokens pushed gave something to the text.</summary>
    public int Tokens => _stops.IsMet ? _starts.Count(start => start < _text.Length) : _starts.Count;

    /// <returns>Text to show now.</returns>
    public string Push(int id)
    {
        _starts.Add(_decoded);
        return Show(_detokenizer.Push(id));
    }

    /// <returns>Text held back until now.</returns>
    public string Finish()
    {
        var last = Show(_detokenizer.Flush());
        var held = _stops.IsMet ? "" : _stops.Flush();
        _text.Append(held);
        return last + held;
    }

    private string Show(string decoded)
    {
        _decoded += decoded.Length;
        var shown = _stops.Push(decoded);
        _text.Append(shown);
        return shown;
    }
}
