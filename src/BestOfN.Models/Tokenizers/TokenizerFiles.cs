namespace BestOfN.Models.Tokenizers;

/// <summary>Loads the tokenizer of a checkpoint folder.</summary>
public static class TokenizerFiles
{
    /// <summary>True where the folder holds a tokenizer, whether it can be read or not.</summary>
    internal static bool AreIn(string folder) => File.Exists(Path.Combine(folder, "tokenizer.model")) || File.Exists(Path.Combine(folder, "tokenizer.json"));

    /// <summary>
    /// <c>tokenizer.model</c> (SentencePiece BPE), else <c>tokenizer.json</c> (byte-level BPE); <c>added_tokens.json</c> and
    /// <c>tokenizer_config.json</c> add to either.
    /// </summary>
    /// <exception cref="FileNotFoundException">The folder holds neither.</exception>
    /// <exception cref="InvalidDataException">A file is broken or of a kind that is not supported; the message names it.</exception>
    public static ITokenizer Load(string folder)
    {
        var settings = TokenizerSettings.Load(folder);
        var model = Path.Combine(folder, "tokenizer.model");
        if (File.Exists(model))
        {
            return TokenizerFile.Read(model, bytes => new SentencePieceTokenizer(SentencePieceModel.Parse(bytes), settings));
        }

        var json = Path.Combine(folder, "tokenizer.json");
        return File.Exists(json)
            ? TokenizerFile.ReadJson(json, root => new ByteLevelTokenizer(ByteLevelModel.Parse(root, settings)))
            : throw new FileNotFoundException($"{folder} holds neither tokenizer.model nor tokenizer.json", json);
    }
}
