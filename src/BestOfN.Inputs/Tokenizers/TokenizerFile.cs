using System.Text.Json;
using System.Text.RegularExpressions;
using BestOfN.Inputs.Files;

namespace BestOfN.Inputs.Tokenizers;

/// <summary>Reads one file of a model folder so that whatever is wrong with it is an error that names it.</summary>
internal static class TokenizerFile
{
    // The largest published tokenizer files are about 35 MB.
    private const int MaxBytes = 256 << 20;

    public static T Read<T>(string path, Func<byte[], T> parse)
    {
        try
        {
            return parse(Contents(path));
        }
        // What the JSON reader, dictionaries and regular expressions throw over contents they do not expect.
        catch (Exception e) when (e is InvalidDataException or JsonException or InvalidOperationException or KeyNotFoundException
            or FormatException or ArgumentException or OverflowException or NotSupportedException or NullReferenceException)
        {
            throw new InvalidDataException($"{path}: {(e is RegexParseException ? "pattern of the pre-tokenizer: " : "")}{e.Message}", e);
        }
    }

    /// <summary>Whether a token is written as markup, such as <c>&lt;|im_end|&gt;</c> and
    /// <c>[UNUSED_TOKEN_145]</c>, and not as a word.</summary>
    public static bool IsMarkup(string spelling) =>
        spelling.Length > 2 && ((spelling[0] == '<' && spelling[^1] == '>') || (spelling[0] == '[' && spelling[^1] == ']'));

    private static byte[] Contents(string path)
    {
        var bytes = RegularFile.ReadAllBytes(path, MaxBytes);
        return GitLfsPointer.Is(bytes)
            ? throw new InvalidDataException("the file is a Git LFS pointer, not the contents; fetch them with git lfs pull.") : bytes;
    }

    public static T ReadJson<T>(string path, Func<JsonElement, T> parse) => Read(path, bytes =>
    {
        using var document = JsonDocument.Parse(bytes);
        return parse(document.RootElement);
    });

    /// <summary>The member, or null where it is missing or null.</summary>
    public static JsonElement? Member(this JsonElement element, string name) =>
        element.TryGetProperty(name, out var value) && value.ValueKind != JsonValueKind.Null ? value : null;

    /// <summary>Ids index arrays, so a file may not name an absurd one.</summary>
    public static int CheckedId(int id) => id is >= 0 and < 1 << 22 ? id : throw new InvalidDataException($"token id {id} is out of range");
}
