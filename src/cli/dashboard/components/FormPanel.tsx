/** The form for a new job. */
import type { ReactElement } from "react"
import type { Form } from "../view-model/form/Form.ts"
import { formLines } from "../view-model/form/formLines.ts"
import { Lines } from "./Lines.tsx"
import { useTheme } from "./Look.ts"

export interface FormPanelProps {
  readonly form: Form
  readonly columns: number
  readonly height: number
}

export const FormPanel = ({ columns, form, height }: FormPanelProps): ReactElement => {
  const theme = useTheme()
  return <Lines lines={formLines(form, columns, height, theme.glyph)} columns={columns} height={height} />
}
