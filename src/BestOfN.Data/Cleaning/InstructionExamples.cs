using BestOfN.Core.Prompts;

namespace BestOfN.Data.Cleaning;

/// <summary>Records of a corpus as examples to learn from: one question with at most one image, and its answer.</summary>
internal static class InstructionExamples
{
    /// <param name="path">A JSON array or JSON lines in a format that cleaning reads; paths of images are relative to its folder.</param>
    /// <param name="cancellationToken">Ends the reading.</param>
    /// <exception cref="InvalidDataException">A record is of another form. The message names file and record.</exception>
    public static IReadOnlyList<InstructionExample> Read(string path, CancellationToken cancellationToken)
    {
        var options = new CleaningOptions();
        var files = new ImageFiles(Path.GetDirectoryName(Path.GetFullPath(path))!);
        var examples = new List<InstructionExample>();
        foreach (var piece in new JsonCorpusFile(path).Read())
        {
            cancellationToken.ThrowIfCancellationRequested();
            var record = CorpusRecord.Read(piece, options);
            if (record is not { Turns: [{ Role: "user" }, { Role: "assistant" } answer], Images.Count: <= 1 })
            {
                throw new InvalidDataException(
                    $"{path}: record {examples.Count}: expected one question with at most one image, and one answer");
            }

            try
            {
                var asked = JudgedConversation.Of(record, files)[0].Parts;
                examples.Add(new(
                    string.Concat(asked.OfType<TextPart>().Select(part => part.Text)),
                    asked.OfType<ImagePart>().FirstOrDefault()?.Content,
                    answer.Text));
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException or FormatException)
            {
                throw new InvalidDataException($"{path}: record {examples.Count}: {e.Message}", e);
            }
        }

        return examples.Count > 0 ? examples : throw new InvalidDataException($"{path}: expected records, found none");
    }
}
