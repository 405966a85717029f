namespace BestOfN.Data.Cleaning;

/// <param name="Question">The user's words.</param>
/// <param name="Image">The image's file; null: none.</param>
/// <param name="Answer">The assistant's words.</param>
internal sealed record InstructionExample(string Question, ReadOnlyMemory<byte>? Image, string Answer);
