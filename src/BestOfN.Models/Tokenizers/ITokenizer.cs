namespace BestOfN.Models.Tokenizers;

/// <summary>Text to token ids and back, exactly as the model's own tokenizer does it. Thread-safe.</summary>
public interface ITokenizer
{
    int VocabularySize { get; }

    /// <summary>Spellings of the tokens that templates may name, such as <c>&lt;|im_end|&gt;</c>, and their ids.</summary>
    IReadOnlyDictionary<string, int> SpecialTokens { get; }

    /// <summary>The token that begins a sequence, where the files name one.</summary>
    int? BosId { get; }

    /// <summary>The token that ends a sequence, where the files name one.</summary>
    int? EosId { get; }

    /// <summary>Encodes text without adding anything.</summary>
    /// <param name="text">Any text.</param>
    /// <param name="parseSpecialTokens">
    /// False: the spelling of a special token is ordinary text, so that nobody can forge one. True: it becomes the token, as the
    /// published tokenizers do with a rendered template.
    /// </param>
    IReadOnlyList<int> Encode(string text, bool parseSpecialTokens = false);

    /// <summary>The text of tokens; bytes that are no UTF-8 become U+FFFD.</summary>
    string Decode(IReadOnlyList<int> ids);

    /// <summary>The UTF-8 bytes a token stands for, possibly a part of a scalar; empty for special tokens.</summary>
    ReadOnlySpan<byte> BytesOf(int id);
}
