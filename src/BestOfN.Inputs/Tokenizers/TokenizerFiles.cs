using System.Buffers.Text;
using System.Text.Json;

namespace BestOfN.Inputs.Tokenizers;

/// <summary>Loads the tokenizer of a checkpoint folder.</summary>
public static class TokenizerFiles
{
    /// <summary>True where the folder holds a tokenizer, whether it can be read or not.</summary>
    internal static bool AreIn(string folder) =>
        File.Exists(Path.Combine(folder, "tokenizer.model")) || File.Exists(Path.Combine(folder, "tokenizer.json"));

    /// <summary>
    /// <c>tokenizer.model</c> (SentencePiece BPE), else <c>tokenizer.json</c> (byte-level BPE); <c>added_tokens.json</c>,
    /// <c>special_tokens_map.json</c> and <c>tokenizer_config.json</c> add to either.
    /// </summary>
    /// <remarks>Llama 3 and its kin bring a <c>tokenizer.model</c> that is a list of tiktoken, with the same contents as their
    /// tokenizer.json, which is read then.</remarks>
    /// <exception cref="FileNotFoundException">The folder holds neither.</exception>
    /// <exception cref="InvalidDataException">A file is broken or of a kind that is not supported; the message names it.</exception>
    public static ITokenizer Load(string folder)
    {
        var settings = TokenizerSettings.Load(folder);
        var model = Path.Combine(folder, "tokenizer.model");
        var json = Path.Combine(folder, "tokenizer.json");
        if (File.Exists(model))
        {
            var sentencePiece = TokenizerFile.Read(model,
                bytes => !IsTiktoken(bytes) ? new SentencePieceTokenizer(SentencePieceModel.Parse(bytes), WithPrefixRule(settings, json))
                : File.Exists(json) ? null
                : throw new InvalidDataException("the file is a list of tiktoken; a tokenizer.json is needed beside it"));
            if (sentencePiece is not null)
            {
                return sentencePiece;
            }
        }

        return File.Exists(json)
            ? TokenizerFile.ReadJson(json, root => new ByteLevelTokenizer(ByteLevelModel.Parse(root, settings)))
            : throw new FileNotFoundException($"{folder} holds neither tokenizer.model nor tokenizer.json", json);
    }

    /// <summary>The file that is read, with what is to be said of another.</summary>
    internal static string Origin(ITokenizer tokenizer, string folder) => tokenizer is SentencePieceTokenizer ? "tokenizer.model"
        : File.Exists(Path.Combine(folder, "tokenizer.model")) ? "tokenizer.json; tokenizer.model is a list of tiktoken and not read"
        : "tokenizer.json";

    // Lines of a token in base64 and its rank.
    private static bool IsTiktoken(ReadOnlySpan<byte> file)
    {
        var end = file[..Math.Min(file.Length, 1024)].IndexOf((byte)'\n');
        var line = end > 0 ? file[..end] : file;
        var blank = line.IndexOf((byte)' ');
        return blank > 0 && Base64.IsValid(line[..blank]) && line[(blank + 1)..].TrimEnd("\r"u8) is { Length: > 0 } rank
            && rank.IndexOfAnyExceptInRange((byte)'0', (byte)'9') < 0;
    }

    // transformers read tokenizer.json where there is one, and it says by itself where blanks are put.
    private static TokenizerSettings WithPrefixRule(TokenizerSettings settings, string json) =>
        !File.Exists(json) ? settings : TokenizerFile.ReadJson(json, root =>
    {
        if (root.Member("pre_tokenizer") is not { ValueKind: JsonValueKind.Object } step
            || step.GetProperty("type").GetString() != "Metaspace")
        {
            return settings with { Legacy = true, AddPrefixSpace = null };
        }

        return (step.Member("prepend_scheme")?.GetString()
            ?? (step.Member("add_prefix_space")?.GetBoolean() == false ? "never" : "always")) switch
        {
            "first" => settings with { Legacy = false, AddPrefixSpace = null },
            "never" => settings with { Legacy = false, AddPrefixSpace = false },
            var scheme => throw new InvalidDataException($"pre-tokenizer Metaspace with prepend_scheme {scheme} is not supported"),
        };
    });
}
